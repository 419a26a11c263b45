"""LSTM classifier over sequences of different length: pad_sequence, packing, the last hidden states."""


def program(torch, nn, F, optim, rnn):
    torch.manual_seed(11)
    lengths = torch.randint(2, 9, (24,))
    sequences = [torch.randint(1, 20, (int(n),)) for n in lengths]
    labels = torch.tensor([int((s > 10).sum() * 2 > len(s)) for s in sequences])
    padded = rnn.pad_sequence(sequences, batch_first=True, padding_value=0)
    print(padded.shape, lengths.tolist(), labels.sum())

    class Classifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(20, 8, padding_idx=0)
            self.lstm = nn.LSTM(8, 16, num_layers=2, bidirectional=True, batch_first=True)
            self.fc = nn.Linear(32, 2)

        def forward(self, x, lengths):
            packed = rnn.pack_padded_sequence(self.embedding(x), lengths, batch_first=True, enforce_sorted=False)
            out, (h, c) = self.lstm(packed)
            out, out_lengths = rnn.pad_packed_sequence(out, batch_first=True)
            assert torch.equal(out_lengths, lengths)
            return self.fc(torch.cat((h[-2], h[-1]), dim=1)), out, c

    model = Classifier()
    print(model, [k for k in model.state_dict()])
    optimizer = optim.Adam(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(15):
        logits, out, c = model(padded, lengths.cpu())
        loss = F.cross_entropy(logits, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print(logits.shape, out.shape, c.shape, model.embedding.weight.grad[0].abs().sum())
    return losses
