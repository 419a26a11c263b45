"""Logistic regression on two Gaussian clouds: BCEWithLogitsLoss, accuracy, decision grid."""


def program(torch, nn, F, optim):
    torch.manual_seed(1)
    base = torch.ones(100, 2)
    x = torch.cat((torch.normal(2 * base, 1), torch.normal(-2 * base, 1)), 0).type(torch.FloatTensor)
    y = torch.cat((torch.zeros(100), torch.ones(100)))

    class LogisticRegression(nn.Module):
        def __init__(self, size):
            super(LogisticRegression, self).__init__()  # noqa: UP008  (the spelling of the course)
            self.linear = nn.Linear(size, 1)

        def forward(self, x):
            return self.linear(x)

    model = LogisticRegression(2)
    print(model)
    criterion = nn.BCEWithLogitsLoss()
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    losses = []
    for epoch in range(30):
        out = model(x).squeeze()
        loss = criterion(out, y)
        predicted = torch.sigmoid(out).ge(0.5).float()
        correct = (predicted == y).sum().item()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if epoch % 10 == 0:
            print(f"epoch {epoch}: {correct}/{y.numel()} = {100 * correct / len(y):.1f}%")
    grid = torch.stack(torch.meshgrid(torch.linspace(-3, 3, 5), torch.linspace(-3, 3, 5), indexing="ij"), -1)
    with torch.no_grad():
        side = (F.logsigmoid(model(grid.view(-1, 2))) > -0.7).view(5, 5)
    print(grid.shape, side.int())
    return losses
