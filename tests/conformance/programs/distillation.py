"""Knowledge distillation: a frozen teacher, KLDivLoss on softened outputs, label smoothing for the teacher."""

from sklearn.datasets import load_digits


def program(torch, nn, F, optim):
    torch.manual_seed(18)
    digits = load_digits()
    x = torch.from_numpy(digits.data[:128]).to(torch.float32).div_(16)
    y = torch.from_numpy(digits.target[:128]).long()
    teacher = nn.Sequential(nn.Linear(64, 48), nn.GELU(), nn.LayerNorm(48), nn.Linear(48, 10))
    student = nn.Sequential(nn.Linear(64, 8), nn.Mish(), nn.Linear(8, 10))
    losses = []
    optimizer = optim.RAdam(teacher.parameters(), lr=1e-2)
    for _ in range(15):
        loss = F.cross_entropy(teacher(x), y, label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())

    teacher.eval().requires_grad_(False)
    print(any(p.requires_grad for p in teacher.parameters()), teacher.training, student.training)
    T, alpha = 4.0, 0.7
    kl = nn.KLDivLoss(reduction="batchmean")
    optimizer = optim.NAdam(student.parameters(), lr=1e-2)
    for _ in range(20):
        with torch.inference_mode():
            soft = F.softmax(teacher(x) / T, dim=-1)
        logits = student(x)
        loss = alpha * T * T * kl(F.log_softmax(logits / T, dim=-1), soft.clone()) + (1 - alpha) * F.cross_entropy(
            logits, y
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print(soft.shape, soft.requires_grad, teacher[0].weight.grad.shape)
    return losses
