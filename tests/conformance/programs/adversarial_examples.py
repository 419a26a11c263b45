"""Saliency maps and the fast gradient sign method on a trained digit classifier; a projected attack."""

from sklearn.datasets import load_digits


def program(torch, nn, F, optim):
    torch.manual_seed(22)
    digits = load_digits()
    images = torch.tensor(digits.images[:100]).float().unsqueeze(1) / 16
    labels = torch.tensor(digits.target[:100])
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 10), nn.LogSoftmax(dim=1))
    optimizer = optim.SGD(model.parameters(), lr=0.2)
    curve = []
    for _ in range(15):
        optimizer.zero_grad()
        loss = F.nll_loss(model(images), labels)
        loss.backward()
        optimizer.step()
        curve.append(loss.item())
    model.eval()

    x = images[:4].clone()
    x.requires_grad = True
    scores = model(x).gather(1, labels[:4].view(-1, 1)).squeeze()
    scores.backward(torch.FloatTensor([1.0] * 4))
    saliency, _ = torch.max(x.grad.data.abs(), dim=1)
    print(saliency.size(), x.is_leaf, scores.shape)
    curve.append(saliency.sum().item())

    def fgsm_attack(image, epsilon, data_grad):
        return torch.clamp(image + epsilon * data_grad.sign(), 0, 1)

    for epsilon in (0.0, 0.1, 0.2):
        data = images.clone().detach().requires_grad_(True)
        loss = F.nll_loss(model(data), labels)
        model.zero_grad()
        loss.backward()
        output = model(fgsm_attack(data, epsilon, data.grad.data))
        curve.append(F.nll_loss(output, labels).item())
        right = output.max(1, keepdim=True)[1].eq(labels.view(-1, 1)).sum().item()
        print(f"Epsilon: {epsilon}\tcorrect {right} of {len(labels)}")

    delta = torch.zeros_like(images, requires_grad=True)
    for _ in range(5):
        loss = F.nll_loss(model(images + delta), labels)
        loss.backward()
        delta.data = (delta + 2 * delta.grad.detach()).clamp(-0.1, 0.1)
        delta.grad.zero_()
        curve.append(loss.item())
    return curve
