"""Early stopping on a validation loss: deepcopy of state_dict, SubsetRandomSampler, best weights put back."""

import copy


def program(torch, nn, optim, data):
    torch.manual_seed(26)
    x = torch.randn(60, 5)
    y = x @ torch.tensor([[1.0], [-2.0], [0.5], [0.0], [3.0]]) + 0.5 * torch.randn(60, 1)
    dataset = data.TensorDataset(x, y)
    indices = torch.randperm(60).tolist()
    loaders = {
        "train": data.DataLoader(dataset, batch_size=10, sampler=data.SubsetRandomSampler(indices[:40])),
        "val": data.DataLoader(data.Subset(dataset, indices[40:]), batch_size=20),
    }
    sizes = {phase: len(loader.sampler) for phase, loader in loaders.items()}
    print(sizes, len(loaders["train"]), len(dataset))
    model = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 1))
    criterion = nn.MSELoss()
    optimizer = optim.SGD(model.parameters(), lr=0.05)
    scheduler = optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.95)
    best, best_weights, waited, curve = float("inf"), copy.deepcopy(model.state_dict()), 0, []
    for epoch in range(12):
        for phase in ["train", "val"]:
            model.train() if phase == "train" else model.eval()
            running = 0.0
            for inputs, targets in loaders[phase]:
                optimizer.zero_grad()
                with torch.set_grad_enabled(phase == "train"):
                    loss = criterion(model(inputs), targets)
                    if phase == "train":
                        loss.backward()
                        optimizer.step()
                running += loss.item() * inputs.size(0)
            curve.append(running / sizes[phase])
        scheduler.step()
        if curve[-1] < best:
            best, best_weights, waited = curve[-1], copy.deepcopy(model.state_dict()), 0
        else:
            waited += 1
            if waited >= 3:
                print("stopped after", epoch)
                break
    print(model.load_state_dict(best_weights))
    model.eval()
    with torch.no_grad():
        for inputs, targets in loaders["val"]:
            curve.append(abs(criterion(model(inputs), targets).item() - best))
    clone = copy.deepcopy(model)
    clone[0].weight.data.zero_()
    print(model[0].weight.abs().sum() > 0, list(best_weights))
    return curve
