"""Checkpoints in the training loop: torch.save and torch.load of model and optimizer, then training goes on."""

import io
import os
import tempfile


def program(torch, nn, F, optim):
    torch.manual_seed(29)
    x = torch.randn(40, 6)
    y = x.pow(2).sum(1, keepdim=True).sqrt()

    def build():
        model = nn.Sequential(nn.Linear(6, 12), nn.BatchNorm1d(12), nn.Softplus(), nn.Linear(12, 1, bias=False))
        return model, optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.1)

    model, optimizer = build()
    losses = []
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "checkpoint.pth")
        for epoch in range(20):
            if epoch % 5 == 4:
                model, optimizer = build()
                checkpoint = torch.load(path, map_location="cpu")
                model.load_state_dict(checkpoint["model_state_dict"])
                optimizer.load_state_dict(checkpoint["optimizer_state_dict"])
                print(checkpoint["epoch"], sorted(checkpoint), optimizer.state_dict()["param_groups"][0]["params"])
            model.train()
            loss = F.huber_loss(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            torch.save(
                {
                    "epoch": epoch,
                    "model_state_dict": model.state_dict(),
                    "optimizer_state_dict": optimizer.state_dict(),
                    "loss": loss,
                },
                path,
            )
    buffer = io.BytesIO()
    torch.save(model.state_dict(), buffer)
    buffer.seek(0)
    state = torch.load(buffer, weights_only=True)
    print({name: tuple(value.shape) for name, value in state.items()})
    missing = nn.Linear(6, 12).load_state_dict({"weight": state["0.weight"]}, strict=False)
    print(missing.missing_keys, missing.unexpected_keys)
    return losses
