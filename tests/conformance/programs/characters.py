"""Character-level language models: a recurrent net by hand, then nn.RNN, with sampling."""

TEXT = "hello world, the quick brown fox jumps over the lazy dog. " * 3


def program(torch, nn, F, optim):
    torch.manual_seed(7)
    chars = sorted(set(TEXT))
    index = {c: i for i, c in enumerate(chars)}
    size = len(chars)
    ids = torch.LongTensor([index[c] for c in TEXT])
    print(size, ids.shape, ids.type())
    losses = []

    class RNN(nn.Module):
        def __init__(self, input_size, hidden_size, output_size):
            super().__init__()
            self.hidden_size = hidden_size
            self.i2h = nn.Linear(input_size + hidden_size, hidden_size)
            self.i2o = nn.Linear(input_size + hidden_size, output_size)
            self.softmax = nn.LogSoftmax(dim=1)

        def forward(self, input, hidden):
            combined = torch.cat((input, hidden), 1)
            return self.softmax(self.i2o(combined)), torch.tanh(self.i2h(combined))

        def init_hidden(self):
            return torch.zeros(1, self.hidden_size)

    rnn = RNN(size, 24, size)
    criterion = nn.NLLLoss()
    for step in range(8):
        hidden = rnn.init_hidden()
        rnn.zero_grad()
        loss = 0
        for i in range(step * 10, step * 10 + 12):
            one_hot = torch.zeros(1, size)
            one_hot[0][ids[i]] = 1
            output, hidden = rnn(one_hot, hidden)
            loss += criterion(output, ids[i + 1].view(1))
        loss.backward()
        for p in rnn.parameters():
            p.data.add_(p.grad.data, alpha=-0.01)
        losses.append(loss.item() / 12)

    class CharRNN(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Embedding(size, 16)
            self.rnn = nn.RNN(16, 32, num_layers=2, batch_first=True)
            self.head = nn.Linear(32, size)

        def forward(self, x, h=None):
            out, h = self.rnn(self.embed(x), h)
            return self.head(out), h

    model = CharRNN()
    print(model)
    optimizer = optim.Adam(model.parameters(), lr=1e-2)
    length = 20
    for _ in range(25):
        starts = torch.randint(0, len(ids) - length - 1, (8,))
        x = torch.stack([ids[s : s + length] for s in starts])
        y = torch.stack([ids[s + 1 : s + length + 1] for s in starts])
        logits, hidden = model(x)
        loss = F.cross_entropy(logits.reshape(-1, size), y.reshape(-1))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    print(logits.shape, hidden.shape)

    model.eval()
    token, hidden, text = torch.tensor([[index["h"]]]), None, "h"
    with torch.no_grad():
        for _ in range(30):
            logits, hidden = model(token, hidden)
            probabilities = F.softmax(logits[:, -1] / 0.8, dim=-1)
            token = torch.multinomial(probabilities, num_samples=1)
            text += chars[token.item()]
    print(text)
    return losses
