"""RealNVP normalising flow: coupling layers, log-determinants, MultivariateNormal base, exact inverse."""


def program(torch, nn, optim, distributions):
    torch.manual_seed(36)
    masks = torch.tensor([[0.0, 1.0], [1.0, 0.0]] * 2)
    prior = distributions.MultivariateNormal(torch.zeros(2), torch.eye(2))

    class RealNVP(nn.Module):
        def __init__(self):
            super().__init__()
            self.mask = nn.Parameter(masks, requires_grad=False)
            self.s = nn.ModuleList([self.net(nn.Tanh()) for _ in masks])
            self.t = nn.ModuleList([self.net() for _ in masks])

        def net(self, *last):
            return nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(), nn.Linear(16, 2), *last)

        def g(self, z):
            x = z
            for i in range(len(self.t)):
                x_ = x * self.mask[i]
                x = x_ + (1 - self.mask[i]) * (x * torch.exp(self.s[i](x_)) + self.t[i](x_))
            return x

        def f(self, x):
            log_det_J, z = x.new_zeros(x.shape[0]), x
            for i in reversed(range(len(self.t))):
                z_ = self.mask[i] * z
                s, t = self.s[i](z_) * (1 - self.mask[i]), self.t[i](z_) * (1 - self.mask[i])
                z = (1 - self.mask[i]) * (z - t) * torch.exp(-s) + z_
                log_det_J -= s.sum(dim=1)
            return z, log_det_J

        def log_prob(self, x):
            z, logp = self.f(x)
            return prior.log_prob(z) + logp

    flow = RealNVP()
    optimizer = optim.Adam([p for p in flow.parameters() if p.requires_grad], lr=5e-3)
    losses = []
    for _ in range(25):
        x = torch.randn(64, 2)
        x = torch.stack((x[:, 0], 0.5 * x[:, 0] ** 2 + 0.3 * x[:, 1]), 1)
        loss = -flow.log_prob(x).mean()
        optimizer.zero_grad()
        loss.backward(retain_graph=True)
        optimizer.step()
        losses.append(loss.item())
    z = prior.sample((5,))
    print(z.shape, torch.allclose(flow.f(flow.g(z))[0], z, atol=1e-4), len(list(flow.parameters())))
    return losses + z.flatten().tolist()
