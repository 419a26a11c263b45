"""Gaussian process regression: marginal likelihood by Cholesky factors, posterior by triangular solves."""

import math


def program(torch, optim):
    torch.manual_seed(39)
    x = torch.linspace(-3, 3, 20, dtype=torch.float64).unsqueeze(1)
    y = torch.sin(2 * x).squeeze() + 0.1 * torch.randn(20, dtype=torch.float64)
    raw = torch.zeros(3, dtype=torch.float64, requires_grad=True)

    def kernel(a, b):
        length, scale, _ = torch.exp(raw)
        return scale * torch.exp(-0.5 * torch.cdist(a, b).pow(2) / length**2)

    optimizer = optim.RMSprop([raw], lr=0.02, centered=True, momentum=0.5)
    curve = []
    for _ in range(20):
        K = kernel(x, x) + (raw[2].exp() * 0.1 + 1e-6) * torch.eye(20, dtype=torch.float64)
        L = torch.linalg.cholesky(K)
        alpha = torch.cholesky_solve(y.unsqueeze(1), L).squeeze(1)
        loss = 0.5 * y @ alpha + L.diagonal().log().sum() + 0.5 * len(y) * math.log(2 * math.pi)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        curve.append(loss.item())
    with torch.no_grad():
        test = torch.tensor([[-1.0], [0.25], [2.0]], dtype=torch.double)
        cross = kernel(x, test)
        mean = cross.T @ alpha
        half = torch.linalg.solve_triangular(L, cross, upper=False)
        covariance = kernel(test, test) - half.T @ half
    print(mean.shape, covariance.shape, torch.allclose(torch.logdet(K), 2 * L.diagonal().log().sum()))
    u, s, v = torch.linalg.svd(covariance)
    print(u.shape, v.shape, torch.linalg.matrix_rank(K.detach()))
    return [*curve, *mean.tolist(), *s.tolist(), torch.linalg.slogdet(K)[1].item()]
