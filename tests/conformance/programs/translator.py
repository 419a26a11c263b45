"""Sequence to sequence with GRUs, additive attention and teacher forcing: learns to reverse numbers."""

import random


def program(torch, nn, F, optim):
    torch.manual_seed(13)
    random.seed(13)
    SOS, EOS, hidden_size, length = 0, 1, 16, 5

    class Encoder(nn.Module):
        def __init__(self, vocabulary):
            super().__init__()
            self.embedding = nn.Embedding(vocabulary, hidden_size)
            self.gru = nn.GRU(hidden_size, hidden_size)

        def forward(self, input, hidden):
            return self.gru(self.embedding(input).view(1, 1, -1), hidden)

    class AttentionDecoder(nn.Module):
        def __init__(self, vocabulary):
            super().__init__()
            self.embedding = nn.Embedding(vocabulary, hidden_size)
            self.attn = nn.Linear(hidden_size * 2, length)
            self.attn_combine = nn.Linear(hidden_size * 2, hidden_size)
            self.dropout = nn.Dropout(0.0)
            self.gru = nn.GRU(hidden_size, hidden_size)
            self.out = nn.Linear(hidden_size, vocabulary)

        def forward(self, input, hidden, encoder_outputs):
            embedded = self.dropout(self.embedding(input).view(1, 1, -1))
            attn_weights = F.softmax(self.attn(torch.cat((embedded[0], hidden[0]), 1)), dim=1)
            attn_applied = torch.bmm(attn_weights.unsqueeze(0), encoder_outputs.unsqueeze(0))
            output = torch.cat((embedded[0], attn_applied[0]), 1)
            output = F.relu(self.attn_combine(output).unsqueeze(0))
            output, hidden = self.gru(output, hidden)
            return F.log_softmax(self.out(output[0]), dim=1), hidden, attn_weights

    encoder, decoder = Encoder(10), AttentionDecoder(10)
    encoder_optimizer = optim.SGD(encoder.parameters(), lr=0.05)
    decoder_optimizer = optim.SGD(decoder.parameters(), lr=0.05)
    criterion = nn.NLLLoss()
    losses = []
    for _ in range(25):
        source = torch.randint(2, 10, (4, 1))
        target = torch.cat([source.flip(0), torch.tensor([[EOS]])])
        encoder_optimizer.zero_grad()
        decoder_optimizer.zero_grad()
        hidden = torch.zeros(1, 1, hidden_size)
        encoder_outputs = torch.zeros(length, hidden_size)
        for i in range(source.size(0)):
            output, hidden = encoder(source[i], hidden)
            encoder_outputs[i] = output[0, 0]
        decoder_input, loss = torch.tensor([[SOS]]), 0
        forcing = random.random() < 0.5
        for i in range(target.size(0)):
            output, hidden, attention = decoder(decoder_input, hidden, encoder_outputs)
            loss += criterion(output, target[i])
            if forcing:
                decoder_input = target[i]
            else:
                _, topi = output.topk(1)
                decoder_input = topi.squeeze().detach()
                if decoder_input.item() == EOS:
                    break
        loss.backward()
        encoder_optimizer.step()
        decoder_optimizer.step()
        losses.append(loss.item() / target.size(0))
    print(encoder_outputs.shape, attention.shape, topi.shape, forcing)
    return losses
