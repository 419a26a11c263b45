"""Linear regression twice: gradient descent by hand, then ``nn.Linear`` with SGD."""


def program(torch, nn, optim):
    torch.manual_seed(0)
    true_w, true_b = torch.tensor([2.0, -3.4]), 4.2
    features = torch.normal(0, 1, (200, 2))
    labels = torch.matmul(features, true_w) + true_b
    labels += torch.normal(0, 0.01, labels.shape)
    print(features.shape, labels.size(), labels.dtype)

    losses = []
    w = torch.normal(0, 0.01, size=(2, 1), requires_grad=True)
    b = torch.zeros(1, requires_grad=True)
    for start in range(0, 200, 10):
        x, y = features[start : start + 10], labels[start : start + 10]
        loss = ((x @ w + b - y.reshape(-1, 1)) ** 2 / 2).mean()
        loss.backward()
        with torch.no_grad():
            for parameter in (w, b):
                parameter -= 0.1 * parameter.grad
                parameter.grad.zero_()
        losses.append(loss.item())

    net = nn.Sequential(nn.Linear(2, 1))
    net[0].weight.data.normal_(0, 0.01)
    net[0].bias.data.fill_(0)
    print(net)
    criterion = nn.MSELoss()
    trainer = optim.SGD(net.parameters(), lr=0.03)
    for _ in range(20):
        loss = criterion(net(features), labels.unsqueeze(1))
        trainer.zero_grad()
        loss.backward()
        trainer.step()
        losses.append(float(loss))
    print("slope", [round(v, 1) for v in net[0].weight.data.view(-1).tolist()])
    return losses
