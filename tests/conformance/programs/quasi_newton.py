"""LBFGS fits: a closure, strong Wolfe line search, and Rosenbrock's function."""

TOLERANCE = 1e-3  # a line search turns last bits into other step lengths


def program(torch, nn, optim):
    torch.manual_seed(23)
    x = torch.linspace(-2, 2, 40).view(-1, 1)
    y = torch.sin(2 * x) + 0.05 * torch.randn(x.size())
    model = nn.Sequential(nn.Linear(1, 10), nn.Tanh(), nn.Linear(10, 1))
    optimizer = optim.LBFGS(model.parameters(), lr=0.5, max_iter=4, history_size=5)
    calls, curve = 0, []

    def closure():
        nonlocal calls
        calls += 1
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(x), y)
        loss.backward()
        return loss

    for _ in range(5):
        curve.append(optimizer.step(closure).item())
    print("closure calls", calls)

    point = torch.tensor([-1.2, 1.0], dtype=torch.float64, requires_grad=True)
    solver = optim.LBFGS([point], max_iter=10, line_search_fn="strong_wolfe")

    def rosenbrock():
        solver.zero_grad()
        value = 100 * (point[1] - point[0] ** 2) ** 2 + (1 - point[0]) ** 2
        value.backward()
        return value

    for _ in range(3):
        curve.append(solver.step(rosenbrock).item())
    curve += point.tolist()
    print(point.shape, point.dtype)
    return curve
