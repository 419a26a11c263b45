"""Mixture density network: logsumexp likelihood, Gaussians per component, sampling by Categorical and Normal."""

import math


def program(torch, nn, F, optim, distributions):
    torch.manual_seed(24)
    y = torch.empty(128, 1).uniform_(-3, 3)
    x = torch.sin(y) * 2 + y * 0.5 + torch.randn_like(y) * 0.1

    class MDN(nn.Module):
        def __init__(self, hidden, gaussians):
            super().__init__()
            self.z_h = nn.Sequential(nn.Linear(1, hidden), nn.Tanh())
            self.z_pi = nn.Linear(hidden, gaussians)
            self.z_mu = nn.Linear(hidden, gaussians)
            self.z_sigma = nn.Linear(hidden, gaussians)

        def forward(self, x):
            z = self.z_h(x)
            return F.log_softmax(self.z_pi(z), -1), self.z_mu(z), F.softplus(self.z_sigma(z)) + 1e-3

    model = MDN(16, 4)
    optimizer = optim.Adam(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(30):
        log_pi, mu, sigma = model(x)
        log_prob = -0.5 * ((y.expand_as(mu) - mu) / sigma).pow(2) - torch.log(sigma) - 0.5 * math.log(2 * math.pi)
        loss = -torch.logsumexp(log_pi + log_prob, dim=1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    component = distributions.Categorical(logits=log_pi).sample()
    chosen = component.unsqueeze(1)
    sample = distributions.Normal(mu.gather(1, chosen), sigma.gather(1, chosen)).sample()
    kl = distributions.kl_divergence(distributions.Normal(mu, sigma), distributions.Normal(0.0, 1.0))
    print(component[:12], sample.shape, kl.shape)
    return [*losses, sample.mean().item(), kl.mean().item()]
