"""Fine-tuning: frozen layers, parameter groups, gradient accumulation and clipping, a replaced head, optimizer
state."""


def program(torch, nn, F, optim, lr_scheduler):
    torch.manual_seed(28)
    backbone = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 5))
    for name, parameter in backbone.named_parameters():
        if name.startswith("0"):
            parameter.requires_grad = False
    backbone[4] = nn.Linear(backbone[4].in_features, 3)
    frozen = backbone[0].weight.clone()
    groups = [
        {"params": backbone[2].parameters(), "lr": 1e-3},
        {"params": backbone[4].parameters()},
    ]
    optimizer = optim.Adam(groups, lr=1e-2, amsgrad=True)
    scheduler = lr_scheduler.OneCycleLR(optimizer, max_lr=[2e-3, 2e-2], total_steps=12)
    x, y = torch.randn(96, 8), torch.randint(0, 3, (96,))
    curve = []
    for step in range(12):
        optimizer.zero_grad()
        for part, target in zip(x.chunk(3), y.chunk(3), strict=True):
            loss = F.cross_entropy(backbone(part), target) / 3
            loss.backward()
        norm = torch.nn.utils.clip_grad_norm_([p for p in backbone.parameters() if p.requires_grad], max_norm=0.1)
        optimizer.step()
        scheduler.step()
        curve += [loss.item(), norm.item(), *[group["lr"] for group in optimizer.param_groups]]
        if step == 5:
            state = optimizer.state_dict()
            again = optim.Adam([{"params": backbone[2].parameters()}, {"params": backbone[4].parameters()}], lr=1.0)
            again.load_state_dict(state)
            curve.append(again.param_groups[1]["lr"])
            print(sorted(state["state"][0]), [group["params"] for group in state["param_groups"]])
    nn.utils.clip_grad_value_(backbone[4].parameters(), 1e-3)
    print(backbone[4].weight.grad.abs().max() <= 1e-3 + 1e-9, torch.equal(frozen, backbone[0].weight))
    print(backbone[0].weight.grad, [n for n, p in backbone.named_parameters() if p.requires_grad])
    return curve
