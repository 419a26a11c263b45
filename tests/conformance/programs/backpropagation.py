"""Character MLP with batch normalisation by hand: F.one_hot, indexing, and the backward pass written out."""

WORDS = ["emma", "olivia", "ava", "isabella", "sophia", "charlotte", "mia", "amelia", "harper", "evelyn"]


def program(torch, F):
    g = torch.Generator().manual_seed(2147483647)
    stoi = {s: i + 1 for i, s in enumerate(sorted(set("".join(WORDS))))}
    stoi["."] = 0
    vocabulary = len(stoi)
    X, Y = [], []
    for word in WORDS:
        context = [0] * 3
        for ch in word + ".":
            X.append(context)
            Y.append(stoi[ch])
            context = context[1:] + [stoi[ch]]
    X, Y = torch.tensor(X), torch.tensor(Y)
    print(X.shape, Y.shape, vocabulary)

    N = torch.zeros((vocabulary, vocabulary), dtype=torch.int32)
    for a, b in zip(X[:, -1], Y, strict=True):
        N[a, b] += 1
    P = (N + 1).float()
    P /= P.sum(1, keepdim=True)
    ones = F.one_hot(X[:, -1], num_classes=vocabulary).float()
    print(ones.shape, ones.sum(), P[0].shape)
    curve = [-(ones @ P)[torch.arange(len(Y)), Y].log().mean().item()]

    C = torch.randn((vocabulary, 6), generator=g)
    W1 = torch.randn((18, 20), generator=g) * (5 / 3) / (18**0.5)
    b1 = torch.randn(20, generator=g) * 0.1
    W2 = torch.randn((20, vocabulary), generator=g) * 0.1
    b2 = torch.randn(vocabulary, generator=g) * 0.1
    bngain = torch.randn((1, 20), generator=g) * 0.1 + 1.0
    bnbias = torch.randn((1, 20), generator=g) * 0.1
    parameters = [C, W1, b1, W2, b2, bngain, bnbias]
    for p in parameters:
        p.requires_grad = True
    n = 16
    for step in range(20):
        ix = torch.randint(0, X.shape[0], (n,), generator=g)
        Xb, Yb = X[ix], Y[ix]
        emb = C[Xb]
        embcat = emb.view(emb.shape[0], -1)
        hprebn = embcat @ W1 + b1
        bnmeani = 1 / n * hprebn.sum(0, keepdim=True)
        bndiff = hprebn - bnmeani
        bnvar = 1 / (n - 1) * (bndiff**2).sum(0, keepdim=True)
        bnvar_inv = (bnvar + 1e-5) ** -0.5
        bnraw = bndiff * bnvar_inv
        h = torch.tanh(bngain * bnraw + bnbias)
        logits = h @ W2 + b2
        counts = (logits - logits.max(1, keepdim=True).values).exp()
        probs = counts * counts.sum(1, keepdims=True) ** -1
        loss = -probs.log()[range(n), Yb].mean()
        for p in parameters:
            p.grad = None
        loss.backward()

        with torch.no_grad():
            dlogits = F.softmax(logits, 1)
            dlogits[range(n), Yb] -= 1
            dlogits /= n
            dW2, db2 = h.T @ dlogits, dlogits.sum(0)
            dhpreact = (1.0 - h**2) * (dlogits @ W2.T)
            dbngain = (bnraw * dhpreact).sum(0, keepdim=True)
            dbnbias = dhpreact.sum(0, keepdim=True)
            dsum = n * dhpreact - dhpreact.sum(0) - n / (n - 1) * bnraw * (dhpreact * bnraw).sum(0)
            dhprebn = bngain * bnvar_inv / n * dsum
            dW1, db1 = embcat.T @ dhprebn, dhprebn.sum(0)
            demb = (dhprebn @ W1.T).view(emb.shape)
            dC = torch.zeros_like(C)
            for k in range(Xb.shape[0]):
                for j in range(Xb.shape[1]):
                    dC[Xb[k, j]] += demb[k, j]
            for p, grad in zip(parameters, [dC, dW1, db1, dW2, db2, dbngain, dbnbias], strict=True):
                if step % 10 == 0:
                    print(tuple(grad.shape), torch.allclose(grad, p.grad, rtol=1e-3, atol=1e-5))
                p.data += -0.1 * grad
        curve.append(loss.item())
    return curve
