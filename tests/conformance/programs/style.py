"""Neural style: Gram matrices of features caught by forward hooks, and an image as the parameter."""


def program(torch, nn, F, optim):
    torch.manual_seed(10)
    features = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2), nn.ReLU()
    ).eval()
    for parameter in features.parameters():
        parameter.requires_grad_(False)
    activations = {}

    def catch(name):
        def hook(module, input, output):
            activations[name] = output

        return hook

    handles = [features[i].register_forward_hook(catch(f"relu{i}")) for i in (1, 3)]

    def gram_matrix(input):
        a, b, c, d = input.size()
        G = input.view(a * b, c * d)
        return torch.mm(G, G.t()).div(a * b * c * d)

    content, style = torch.rand(1, 3, 12, 12), torch.rand(1, 3, 12, 12).pow(2)
    mean = torch.tensor([0.485, 0.456, 0.406]).view(-1, 1, 1)
    features(style - mean)
    targets = {name: gram_matrix(value).detach() for name, value in activations.items()}
    features(content - mean)
    kept = activations["relu3"].detach().clone()
    print(sorted(activations), kept.shape, targets["relu1"].shape)

    image = content.clone().requires_grad_(True)
    optimizer = optim.Adam([image], lr=0.05)
    losses = []
    for _ in range(20):
        image.data.clamp_(0, 1)
        features(image - mean)
        style_loss = sum(F.mse_loss(gram_matrix(activations[name]), targets[name]) for name in targets)
        content_loss = F.mse_loss(activations["relu3"], kept)
        variation = (image[..., 1:] - image[..., :-1]).abs().mean() + (image[:, :, 1:] - image[:, :, :-1]).abs().mean()
        loss = 1e4 * style_loss + content_loss + 1e-2 * variation
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    for handle in handles:
        handle.remove()
    activations.clear()
    features(image)
    print(len(activations), image.grad.shape, features[0].weight.grad)
    return losses
