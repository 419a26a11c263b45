"""Transformer encoder with causal and padding masks and a sinusoidal positional encoding."""

import math


def program(torch, nn, F, optim):
    torch.manual_seed(17)

    class PositionalEncoding(nn.Module):
        def __init__(self, d_model, max_len=50):
            super().__init__()
            pe = torch.zeros(max_len, d_model)
            position = torch.arange(0, max_len, dtype=torch.float).unsqueeze(1)
            div_term = torch.exp(torch.arange(0, d_model, 2).float() * (-math.log(10000.0) / d_model))
            pe[:, 0::2] = torch.sin(position * div_term)
            pe[:, 1::2] = torch.cos(position * div_term)
            self.register_buffer("pe", pe.unsqueeze(0).transpose(0, 1))

        def forward(self, x):
            return x + self.pe[: x.size(0), :]

    class TransformerModel(nn.Module):
        def __init__(self, tokens, d_model=16, heads=2):
            super().__init__()
            self.d_model = d_model
            self.encoder = nn.Embedding(tokens, d_model)
            self.positions = PositionalEncoding(d_model)
            layer = nn.TransformerEncoderLayer(d_model, heads, dim_feedforward=32, dropout=0.0)
            self.transformer = nn.TransformerEncoder(layer, num_layers=2, enable_nested_tensor=False)
            self.decoder = nn.Linear(d_model, tokens)
            self.init_weights()

        def init_weights(self):
            self.encoder.weight.data.uniform_(-0.1, 0.1)
            self.decoder.bias.data.zero_()
            self.decoder.weight.data.uniform_(-0.1, 0.1)

        def forward(self, src, mask, padding):
            x = self.positions(self.encoder(src) * math.sqrt(self.d_model))
            return self.decoder(self.transformer(x, mask, src_key_padding_mask=padding))

    def square_mask(size):
        mask = (torch.triu(torch.ones(size, size)) == 1).transpose(0, 1)
        return mask.float().masked_fill(mask == 0, float("-inf")).masked_fill(mask == 1, 0.0)

    model = TransformerModel(12)
    mask = square_mask(9)
    print(mask, model.positions.pe.shape, sum(p.nelement() for p in model.parameters()))
    optimizer = optim.SGD(model.parameters(), lr=0.5)
    scheduler = optim.lr_scheduler.StepLR(optimizer, 10, gamma=0.5)
    losses = []
    for _ in range(25):
        step = torch.randint(1, 4, (1, 6))
        src = (torch.arange(10).unsqueeze(1) * step) % 11 + 1
        src[7:, ::2] = 0
        data, targets = src[:-1], src[1:].reshape(-1)
        padding = (data == 0).t().float().masked_fill((data == 0).t(), float("-inf"))
        output = model(data, mask, padding)
        loss = F.cross_entropy(output.view(-1, 12), targets, ignore_index=0)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
        scheduler.step()
        losses.append(loss.item())
    print(output.shape, scheduler.get_last_lr())
    model.eval()
    with torch.no_grad():
        losses.append(model(data, mask, padding).pow(2).mean().item())
    return losses
