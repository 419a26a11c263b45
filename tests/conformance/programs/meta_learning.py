"""Model-agnostic meta-learning: inner steps by autograd.grad with create_graph, weights as a list of tensors."""


def program(torch, nn, F, optim):
    torch.manual_seed(42)
    shapes = [(16, 1), (16,), (1, 16), (1,)]
    weights = [nn.Parameter(torch.randn(*shape) * 0.5 if len(shape) > 1 else torch.zeros(*shape)) for shape in shapes]
    optimizer = optim.Adam(weights, lr=1e-2)

    def forward(x, weights):
        return F.linear(torch.tanh(F.linear(x, weights[0], weights[1])), weights[2], weights[3])

    losses = []
    for _ in range(15):
        meta_loss = 0
        for _ in range(3):
            phase, amplitude = torch.rand(2) * torch.tensor([3.14, 4.0]) + torch.tensor([0.0, 0.5])
            x = torch.rand(10, 1) * 4 - 2
            y = amplitude * torch.sin(x + phase)
            fast = weights
            for _ in range(2):
                inner = F.mse_loss(forward(x[:5], fast), y[:5])
                grads = torch.autograd.grad(inner, fast, create_graph=True)
                fast = [w - 0.05 * g for w, g in zip(fast, grads, strict=True)]
            meta_loss = meta_loss + F.mse_loss(forward(x[5:], fast), y[5:])
        optimizer.zero_grad()
        (meta_loss / 3).backward()
        total = nn.utils.clip_grad_norm_(weights, 5.0)
        optimizer.step()
        losses += [meta_loss.item() / 3, total.item()]
    print([tuple(g.shape) for g in grads], phase.dim())
    return losses
