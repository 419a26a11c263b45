"""LeNet on handwritten digits: convolution, pooling, a confusion matrix."""

from sklearn.datasets import load_digits


def program(torch, nn, F, optim, data):
    torch.manual_seed(3)
    digits = load_digits()
    x = torch.tensor(digits.images[:256], dtype=torch.float32).unsqueeze(1) / 16.0
    y = torch.tensor(digits.target[:256], dtype=torch.long)
    loader = data.DataLoader(data.TensorDataset(x, y), batch_size=32, shuffle=True, drop_last=True)

    class LeNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(1, 6, kernel_size=5, padding=2)
            self.conv2 = nn.Conv2d(6, 16, 3)
            self.fc1 = nn.Linear(16 * 1 * 1, 32)
            self.fc2 = nn.Linear(32, 10)

        def num_flat_features(self, x):
            count = 1
            for size in x.size()[1:]:
                count *= size
            return count

        def forward(self, x):
            x = F.max_pool2d(F.relu(self.conv1(x)), (2, 2))
            x = F.avg_pool2d(torch.tanh(self.conv2(x)), 2)
            x = x.view(-1, self.num_flat_features(x))
            return self.fc2(F.relu(self.fc1(x)))

    net = LeNet()
    print(net)
    for name, parameter in net.named_parameters():
        print(name, parameter.size())
    optimizer = optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    losses = []
    for _ in range(4):
        for images, labels in loader:
            loss = F.cross_entropy(net(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    with torch.no_grad():
        _, predicted = torch.max(net(x).data, 1)
    confusion = torch.zeros(10, 10, dtype=torch.long)
    for target, guess in zip(y.view(-1), predicted.view(-1), strict=True):
        confusion[target.long(), guess.long()] += 1
    print(confusion.sum(), (confusion.diag() / confusion.sum(1)).shape)
    losses.append((predicted == y).float().mean().item())
    return losses
