"""Looking inside: Grad-CAM with full backward hooks, retain_grad, tensor hooks, weight and spectral norm."""


def program(torch, nn, F, optim, parametrizations):
    torch.manual_seed(43)
    features = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 6, 3, padding=1), nn.ReLU())
    head = nn.Linear(6, 3)
    store = {}
    first = features[2].register_forward_hook(lambda module, args, out: store.update(activation=out.detach()))
    second = features[2].register_full_backward_hook(lambda module, gi, go: store.update(gradient=go[0].detach()))
    before = features[0].register_forward_pre_hook(lambda module, args: (args[0] * 2,))
    x = torch.randn(2, 3, 8, 8)
    maps = features(x)
    maps.retain_grad()
    norms = []
    maps.register_hook(lambda grad: norms.append(grad.norm().item()))
    pooled = F.adaptive_avg_pool2d(maps, 1).flatten(1)
    scores = head(pooled)
    scores[torch.arange(2), scores.argmax(1)].sum().backward()
    weights = store["gradient"].mean(dim=(2, 3), keepdim=True)
    cam = F.relu((weights * store["activation"]).sum(1, keepdim=True))
    cam = F.interpolate(cam, size=(16, 16), mode="bilinear", align_corners=False)
    cam = (cam - cam.min()) / (cam.max() - cam.min() + 1e-8)
    print(cam.shape, weights.shape, maps.grad.shape, maps.is_leaf)
    for handle in (first, second, before):
        handle.remove()
    curve = [cam.mean().item(), maps.grad.abs().sum().item(), *norms]

    net = nn.Sequential(
        parametrizations.weight_norm(nn.Linear(6, 8)), nn.ReLU(), nn.utils.spectral_norm(nn.Linear(8, 1))
    )
    print(sorted(net.state_dict()))
    optimizer = optim.SGD(net.parameters(), lr=0.05)
    data = torch.randn(32, 6)
    for _ in range(12):
        loss = (net(data).squeeze(1) - data.sum(1)).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        curve.append(loss.item())
    vector = nn.utils.parameters_to_vector(head.parameters())
    nn.utils.vector_to_parameters(torch.zeros_like(vector), head.parameters())
    print(vector.shape, head.bias, torch.numel(vector))
    return curve
