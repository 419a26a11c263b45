"""The wrappers of larger scripts: disabled autocast and GradScaler, DataParallel, checkpoint, weight averaging."""


def program(torch, nn, F, optim, swa_utils, checkpointing):
    torch.manual_seed(45)
    use_amp = torch.cuda.is_available() and False
    body = nn.Sequential(nn.Linear(6, 16), nn.SiLU(), nn.Linear(16, 16), nn.SiLU())
    model = nn.DataParallel(nn.ModuleDict({"body": body, "head": nn.Linear(16, 2)}))
    modules = model.module
    averaged = swa_utils.AveragedModel(modules)
    scaler = torch.amp.GradScaler("cpu", enabled=use_amp)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    scheduler = optim.lr_scheduler.CyclicLR(optimizer, base_lr=0.01, max_lr=0.1, step_size_up=4, mode="triangular2")
    x, y = torch.randn(64, 6), torch.randint(2, (64,))
    curve = []
    for step in range(15):
        with torch.autocast(device_type="cpu", dtype=torch.bfloat16, enabled=use_amp):
            hidden = checkpointing.checkpoint(modules["body"], x, use_reentrant=False)
            loss = F.cross_entropy(modules["head"](hidden), y)
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()
        scheduler.step()
        if step >= 10:
            averaged.update_parameters(modules)
        curve += [loss.item(), optimizer.param_groups[0]["lr"]]
    print(list(model.state_dict())[:2], averaged.n_averaged, scaler.is_enabled(), scaler.get_scale())
    curve.append(averaged.module["head"].weight.abs().sum().item())
    return curve
