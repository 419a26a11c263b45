"""Siamese embedding of handwritten digits: contrastive loss, triplet margin loss, nearest neighbours by cdist."""

from sklearn.datasets import load_digits


def program(torch, nn, F, optim):
    torch.manual_seed(9)
    digits = load_digits()
    x = torch.Tensor(digits.data[:150]) / 16
    y = torch.LongTensor(digits.target[:150])

    class EmbeddingNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Sequential(nn.Linear(64, 32), nn.PReLU(), nn.Linear(32, 8))

        def forward(self, x):
            return F.normalize(self.fc(x), p=2, dim=1)

    class ContrastiveLoss(nn.Module):
        def __init__(self, margin):
            super().__init__()
            self.margin, self.eps = margin, 1e-9

        def forward(self, output1, output2, target, size_average=True):
            distances = (output2 - output1).pow(2).sum(1)
            far = F.relu(self.margin - (distances + self.eps).sqrt()).pow(2)
            losses = 0.5 * (target.float() * distances + (1 + -1 * target).float() * far)
            return losses.mean() if size_average else losses.sum()

    net = EmbeddingNet()
    optimizer = optim.Adam(net.parameters(), lr=1e-2)
    contrastive, triplet = ContrastiveLoss(1.0), nn.TripletMarginLoss(margin=0.5)
    losses = []
    for step in range(24):
        if step % 2:
            i, j = torch.randperm(150)[:80].split(40)
            loss = contrastive(net(x[i]), net(x[j]), (y[i] == y[j]).int())
        else:
            anchor = torch.randint(10, (1,)).item()
            same, other = x[y == anchor], x[y != anchor]
            n = min(len(same), 8)
            loss = triplet(net(same[:n]), net(same[-n:]), net(other[torch.randint(len(other), (n,))]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    with torch.no_grad():
        embedded = net(x)
        distances = torch.cdist(embedded, embedded) + 10 * torch.eye(150)
        nearest = distances.argmin(1)
    losses.append(F.cosine_similarity(embedded[:75], embedded[75:]).mean().item())
    print(embedded.shape, (y[nearest] == y).float().mean() > 0.5)
    return losses
