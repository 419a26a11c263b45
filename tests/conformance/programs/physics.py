"""Physics-informed network with Fourier features: second derivatives by autograd.grad for u'' = -k² u."""

import math


def program(torch, nn, optim):
    torch.manual_seed(19)
    k = 2.0

    class FourierFeatures(nn.Module):
        def __init__(self, features, scale):
            super().__init__()
            self.register_buffer("B", torch.randn(1, features) * scale)

        def forward(self, x):
            x = 2 * math.pi * x @ self.B
            return torch.cat([torch.sin(x), torch.cos(x)], dim=-1)

    net = nn.Sequential(FourierFeatures(8, 0.3), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1))
    print([name for name, _ in net.named_buffers()], [name for name, _ in net.named_parameters()])
    optimizer = optim.Adam(net.parameters(), lr=5e-3)
    start = torch.zeros(1, 1, requires_grad=True)
    losses = []
    for _ in range(30):
        x = (torch.rand(32, 1) * 2).requires_grad_()
        u = net(x)
        du = torch.autograd.grad(u, x, torch.ones_like(u), create_graph=True)[0]
        ddu = torch.autograd.grad(du.sum(), x, create_graph=True)[0]
        u0 = net(start)
        du0 = torch.autograd.grad(u0, start, create_graph=True)[0]
        residual = ((ddu + k**2 * u) ** 2).mean()
        loss = residual + 10 * (u0 - 1).pow(2).squeeze() + 10 * du0.square().sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print(u.shape, du.shape, ddu.shape, ddu.requires_grad)
    exact = torch.cos(k * torch.linspace(0, 2, 9)).unsqueeze(1)
    losses.append((net(torch.linspace(0, 2, 9).unsqueeze(1)) - exact).abs().max().item())
    return losses
