"""MLP classifier on handwritten digits: Dataset, DataLoader(shuffle=True), train and test loops."""

from sklearn.datasets import load_digits


def program(torch, nn, F, optim, data):
    torch.manual_seed(42)
    digits = load_digits()

    class Digits(data.Dataset):
        def __init__(self, images, targets, transform=None):
            self.images, self.targets, self.transform = images, targets, transform

        def __len__(self):
            return len(self.images)

        def __getitem__(self, index):
            image = torch.from_numpy(self.images[index]).float()
            if self.transform:
                image = self.transform(image)
            return image, int(self.targets[index])

    dataset = Digits(digits.images[:640], digits.target[:640], transform=lambda image: image.div(16).unsqueeze(0))
    train_set, test_set = data.random_split(dataset, [512, 128])
    train_loader = data.DataLoader(train_set, batch_size=64, shuffle=True)
    test_loader = data.DataLoader(test_set, batch_size=50, shuffle=False)
    images, targets = next(iter(train_loader))
    print(images.shape, images.dtype, targets.shape, targets.dtype, targets[:10])

    device = torch.device("cuda" if torch.cuda.is_available() and False else "cpu")
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)).to(device)
    print(model)
    print(sum(p.numel() for p in model.parameters() if p.requires_grad), "parameters")
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.Adam(model.parameters(), lr=1e-2)
    losses = []
    for epoch in range(4):
        model.train()
        for batch, (images, targets) in enumerate(train_loader):
            images, targets = images.to(device), targets.to(device)
            optimizer.zero_grad()
            loss = criterion(model(images), targets)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            if batch % 4 == 0:
                print(f"Train epoch {epoch} [{batch * len(images)}/{len(train_loader.dataset)}]")
        model.eval()
        correct, test_loss = 0, 0.0
        with torch.no_grad():
            for images, targets in test_loader:
                output = F.log_softmax(model(images), dim=1)
                test_loss += F.nll_loss(output, targets, reduction="sum").item()
                pred = output.argmax(dim=1, keepdim=True)
                correct += pred.eq(targets.view_as(pred)).sum().item()
        losses.append(test_loss / len(test_set))
        print(f"Accuracy: {correct}/{len(test_set)}")
    return losses
