"""word2vec: skip-gram with negative sampling (Embedding, bmm, logsigmoid), then nearest words by cosine."""

from collections import Counter

TEXT = (
    "the king rules the land and the queen rules the land while the man and the woman work the field "
    "the king loves the queen and the man loves the woman in the field of the land"
)


def program(torch, nn, F, optim, data):
    torch.manual_seed(12)
    words = TEXT.split()
    vocabulary = [word for word, _ in Counter(words).most_common()]
    index = {word: i for i, word in enumerate(vocabulary)}
    counts = torch.tensor([words.count(word) for word in vocabulary], dtype=torch.float)
    frequency = counts**0.75
    frequency /= frequency.sum()
    pairs = [
        (index[words[i]], index[words[j]])
        for i in range(len(words))
        for j in range(max(0, i - 2), min(len(words), i + 3))
        if i != j
    ]
    print(len(vocabulary), len(pairs), vocabulary[:3])

    class SkipGram(nn.Module):
        def __init__(self, size, dim):
            super().__init__()
            self.center = nn.Embedding(size, dim)
            self.context = nn.Embedding(size, dim)
            bound = 0.5 / dim
            self.center.weight.data.uniform_(-bound, bound)
            self.context.weight.data.fill_(0)

        def forward(self, center, context, negative):
            v = self.center(center)
            positive = torch.sum(v * self.context(context), dim=1)
            noise = torch.bmm(self.context(negative).neg(), v.unsqueeze(2)).squeeze(2)
            return -(F.logsigmoid(positive) + F.logsigmoid(noise).sum(1)).mean()

    def collate(batch):
        centers, contexts = zip(*batch, strict=True)
        negatives = torch.multinomial(frequency, len(batch) * 4, replacement=True).view(len(batch), 4)
        return torch.LongTensor(centers), torch.LongTensor(contexts), negatives

    model = SkipGram(len(vocabulary), 8)
    loader = data.DataLoader(pairs, batch_size=20, shuffle=True, collate_fn=collate)
    optimizer = optim.Adagrad(model.parameters(), lr=0.1)
    losses = []
    for _ in range(5):
        for center, context, negative in loader:
            loss = model(center, context, negative)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    weight = model.center.weight.data
    similarity = weight @ weight[index["king"]] / (weight.norm(dim=1) * weight[index["king"]].norm())
    values, nearest = similarity.topk(3)
    print(negative.shape, [vocabulary[i] for i in nearest.tolist()])
    return losses + values.tolist()
