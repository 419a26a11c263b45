"""Residual network on handwritten digits: BatchNorm, momentum, weight decay, three schedulers, evaluation mode."""

from sklearn.datasets import load_digits


def program(torch, nn, F, optim, lr_scheduler, data):
    torch.manual_seed(15)
    digits = load_digits()
    x = torch.tensor(digits.images[:96], dtype=torch.float32)[:, None] / 16
    y = torch.from_numpy(digits.target[:96])
    x = (x - x.mean()) / x.std()

    class BasicBlock(nn.Module):
        expansion = 1

        def __init__(self, in_planes, planes, stride=1):
            super().__init__()
            self.conv1 = nn.Conv2d(in_planes, planes, kernel_size=3, stride=stride, padding=1, bias=False)
            self.bn1 = nn.BatchNorm2d(planes)
            self.conv2 = nn.Conv2d(planes, planes, kernel_size=3, stride=1, padding=1, bias=False)
            self.bn2 = nn.BatchNorm2d(planes)
            self.shortcut = nn.Sequential()
            if stride != 1 or in_planes != self.expansion * planes:
                self.shortcut = nn.Sequential(
                    nn.Conv2d(in_planes, planes, kernel_size=1, stride=stride, bias=False), nn.BatchNorm2d(planes)
                )

        def forward(self, x):
            out = F.relu(self.bn1(self.conv1(x)))
            out = self.bn2(self.conv2(out))
            out += self.shortcut(x)
            return F.relu(out)

    class ResNet(nn.Module):
        def __init__(self, blocks):
            super().__init__()
            self.in_planes = 8
            self.conv1 = nn.Conv2d(1, 8, 3, padding=1, bias=False)
            self.bn1 = nn.BatchNorm2d(8)
            self.layer1 = self._make_layer(8, blocks[0], stride=1)
            self.layer2 = self._make_layer(16, blocks[1], stride=2)
            self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
            self.linear = nn.Linear(16, 10)
            for m in self.modules():
                if isinstance(m, nn.Conv2d):
                    nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
                elif isinstance(m, nn.BatchNorm2d):
                    nn.init.constant_(m.weight, 1)
                    nn.init.constant_(m.bias, 0)

        def _make_layer(self, planes, num_blocks, stride):
            layers = []
            for s in [stride] + [1] * (num_blocks - 1):
                layers.append(BasicBlock(self.in_planes, planes, s))
                self.in_planes = planes
            return nn.Sequential(*layers)

        def forward(self, x):
            x = self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x)))))
            return self.linear(torch.flatten(self.avgpool(x), 1))

    net = ResNet([1, 2])
    print(net)
    losses = []
    makers = [
        lambda o: lr_scheduler.MultiStepLR(o, milestones=[2, 4], gamma=0.1),
        lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=6, eta_min=1e-4),
        lambda o: lr_scheduler.ReduceLROnPlateau(o, mode="min", factor=0.5, patience=0),
    ]
    loader = data.DataLoader(data.TensorDataset(x, y), batch_size=32, shuffle=True)
    for make in makers:
        optimizer = optim.SGD(net.parameters(), lr=0.02, momentum=0.9, weight_decay=5e-4, nesterov=True)
        scheduler = make(optimizer)
        for _ in range(2):
            for inputs, targets in loader:
                optimizer.zero_grad()
                loss = F.cross_entropy(net(inputs), targets)
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
                plateau = isinstance(scheduler, lr_scheduler.ReduceLROnPlateau)
                scheduler.step(loss.item()) if plateau else scheduler.step()
                losses.append(optimizer.param_groups[0]["lr"])
    net.eval()
    with torch.no_grad():
        losses.append(F.cross_entropy(net(x), y).item())
    print([(k, tuple(v.shape)) for k, v in net.state_dict().items()][:8])
    return losses
