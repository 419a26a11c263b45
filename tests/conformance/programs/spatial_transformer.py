"""Spatial transformer: affine_grid and grid_sample in front of a classifier, with LambdaLR."""

from sklearn.datasets import load_digits


def program(torch, nn, F, optim):
    torch.manual_seed(33)
    digits = load_digits()
    x = torch.tensor(digits.images[:48], dtype=torch.float32).view(-1, 1, 8, 8) / 16
    y = torch.tensor(digits.target[:48])

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.localization = nn.Sequential(nn.Conv2d(1, 4, 3), nn.MaxPool2d(2, stride=2), nn.ReLU(True))
            self.fc_loc = nn.Sequential(nn.Linear(36, 8), nn.ReLU(True), nn.Linear(8, 6))
            self.classifier = nn.Sequential(nn.Conv2d(1, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(216, 10))
            self.fc_loc[2].weight.data.zero_()
            self.fc_loc[2].bias.data.copy_(torch.tensor([1, 0, 0, 0, 1, 0], dtype=torch.float32))

        def stn(self, x):
            theta = self.fc_loc(self.localization(x).view(-1, 36)).view(-1, 2, 3)
            grid = F.affine_grid(theta, x.size(), align_corners=False)
            return F.grid_sample(x, grid, align_corners=False)

        def forward(self, x):
            return F.log_softmax(self.classifier(self.stn(x)), dim=1)

    model = Net()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    scheduler = optim.lr_scheduler.LambdaLR(optimizer, lr_lambda=lambda epoch: 0.95**epoch)
    losses = []
    for _ in range(20):
        optimizer.zero_grad()
        loss = F.nll_loss(model(x), y)
        loss.backward()
        optimizer.step()
        scheduler.step()
        losses.append(loss.item())
    moved = model.stn(x)
    print(moved.shape, torch.flip(moved, [3]).shape, torch.rot90(x[0], 1, (1, 2)).shape)
    return [*losses, moved.mean().item()]
