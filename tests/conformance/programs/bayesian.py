"""Bayes by backprop and Monte Carlo dropout: weights drawn from Normal, kl_divergence as a regulariser."""


def program(torch, nn, F, optim, distributions):
    torch.manual_seed(41)
    Normal, kl_divergence = distributions.Normal, distributions.kl_divergence

    class BayesLinear(nn.Module):
        def __init__(self, size_in, size_out):
            super().__init__()
            self.mu = nn.Parameter(torch.empty(size_out, size_in).normal_(0, 0.1))
            self.rho = nn.Parameter(torch.empty(size_out, size_in).fill_(-3.0))
            self.bias = nn.Parameter(torch.zeros(size_out))

        def forward(self, x):
            posterior = Normal(self.mu, F.softplus(self.rho))
            prior = Normal(torch.zeros_like(self.mu), torch.ones_like(self.mu))
            self.kl = kl_divergence(posterior, prior).sum()
            return F.linear(x, posterior.rsample(), self.bias)

    model = nn.Sequential(BayesLinear(1, 16), nn.Tanh(), BayesLinear(16, 1))
    optimizer = optim.Adam(model.parameters(), lr=1e-2)
    x = torch.linspace(-1, 1, 32).unsqueeze(1)
    y = x.pow(3) - x.abs()
    losses = []
    for _ in range(25):
        nll = -Normal(model(x), 0.1).log_prob(y).sum()
        loss = nll + 0.01 * sum(m.kl for m in model if isinstance(m, BayesLinear))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    with torch.no_grad():
        draws = torch.stack([model(x) for _ in range(5)])
    print(draws.shape, draws.std(0).shape)

    dropout = nn.Sequential(nn.Linear(1, 20), nn.ELU(), nn.Dropout(0.5), nn.Linear(20, 1)).train()
    passes = torch.cat([dropout(x[:4]) for _ in range(3)], dim=1)
    beta = distributions.Bernoulli(logits=passes[:, 0]).sample()
    print(beta, distributions.Bernoulli(probs=torch.tensor([0.3])).entropy(), distributions.Uniform(0.0, 2.0).mean)
    return losses + draws.mean((1, 2)).tolist() + passes.flatten().tolist()
