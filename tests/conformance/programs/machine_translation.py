"""nn.Transformer, encoder and decoder, with the masks of machine translation, a warm-up schedule and greedy
decoding."""


def program(torch, nn, F, optim):
    torch.manual_seed(38)
    PAD, BOS, EOS = 0, 1, 2

    class Seq2SeqTransformer(nn.Module):
        def __init__(self, vocabulary, size):
            super().__init__()
            self.transformer = nn.Transformer(size, 2, 1, 1, dim_feedforward=32, dropout=0.0, batch_first=True)
            self.src_tok_emb, self.tgt_tok_emb = nn.Embedding(vocabulary, size), nn.Embedding(vocabulary, size)
            self.position = nn.Embedding(10, size)
            self.generator = nn.Linear(size, vocabulary)
            for p in self.parameters():
                if p.dim() > 1:
                    nn.init.xavier_uniform_(p)

        def embed(self, table, ids):
            return table(ids) * table.embedding_dim**0.5 + self.position(torch.arange(ids.size(1)))

        def forward(self, src, tgt):
            tgt_mask = self.transformer.generate_square_subsequent_mask(tgt.size(1))
            out = self.transformer(
                self.embed(self.src_tok_emb, src),
                self.embed(self.tgt_tok_emb, tgt),
                tgt_mask=tgt_mask,
                src_key_padding_mask=(src == PAD),
                tgt_key_padding_mask=(tgt == PAD).float() * -1e9,
                memory_key_padding_mask=(src == PAD),
            )
            return self.generator(out)

    model = Seq2SeqTransformer(12, 16)
    print(model)
    criterion = nn.CrossEntropyLoss(ignore_index=PAD)
    optimizer = optim.SGD(model.parameters(), lr=1.0)
    warmup = optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.4 * min((step + 1) ** -0.5, (step + 1) * 8**-1.5))
    losses = []
    for _ in range(20):
        words = torch.randint(3, 12, (8, 5))
        words[torch.arange(5).expand(8, 5) >= torch.randint(3, 6, (8, 1))] = PAD
        tgt = torch.cat([torch.full((8, 1), BOS), words, torch.full((8, 1), EOS)], dim=1)
        logits = model(words, tgt[:, :-1])
        loss = criterion(logits.reshape(-1, logits.shape[-1]), tgt[:, 1:].reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        warmup.step()
        losses.append(loss.item())
    model.eval()
    ys = torch.ones(1, 1).fill_(BOS).type(torch.long)
    with torch.no_grad():
        for _ in range(4):
            next_word = model(words[:1], ys)[:, -1].max(dim=1)[1].item()
            ys = torch.cat([ys, torch.ones(1, 1).type_as(words.data).fill_(next_word)], dim=1)
    print(ys, logits.shape)
    return losses
