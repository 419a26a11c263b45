"""U-Net on drawn squares: skip connections by cat, Upsample and interpolate, a Dice loss beside BCE."""


def program(torch, nn, F, optim):
    torch.manual_seed(8)

    def double_conv(size_in, size_out):
        return nn.Sequential(
            nn.Conv2d(size_in, size_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(size_out),
            nn.ReLU(inplace=True),
            nn.Conv2d(size_out, size_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(size_out),
            nn.ReLU(inplace=True),
        )

    class UNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.down1, self.down2, self.bottom = double_conv(1, 4), double_conv(4, 8), double_conv(8, 8)
            self.pool = nn.MaxPool2d(2)
            self.upsample = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
            self.up2, self.up1 = double_conv(16, 4), double_conv(8, 4)
            self.last = nn.Conv2d(4, 1, 1)

        def forward(self, x):
            conv1 = self.down1(x)
            conv2 = self.down2(self.pool(conv1))
            x = self.bottom(self.pool(conv2))
            x = self.up2(torch.cat([self.upsample(x), conv2], dim=1))
            x = F.interpolate(x, size=conv1.shape[2:], mode="nearest")
            return self.last(self.up1(torch.cat([x, conv1], dim=1)))

    def dice_loss(pred, target, smooth=1.0):
        intersection = (pred * target).sum(dim=2).sum(dim=2)
        union = pred.sum(dim=(2, 3)) + target.sum(dim=(2, 3))
        return (1 - (2.0 * intersection + smooth) / (union + smooth)).mean()

    model = UNet()
    print(sum(p.numel() for p in model.parameters()), len(list(model.modules())))
    optimizer = optim.Adam(filter(lambda p: p.requires_grad, model.parameters()), lr=1e-2)
    losses = []
    for _ in range(12):
        masks = torch.zeros(4, 1, 16, 16)
        for i, (top, left) in enumerate(torch.randint(0, 8, (4, 2)).tolist()):
            masks[i, :, top : top + 8, left : left + 8] = 1.0
        images = masks * 0.7 + 0.3 * torch.rand(4, 1, 16, 16)
        out = model(images)
        loss = 0.5 * F.binary_cross_entropy_with_logits(out, masks) + 0.5 * dice_loss(torch.sigmoid(out), masks)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    model.eval()
    with torch.no_grad():
        out = model(images)
        losses.append(F.binary_cross_entropy_with_logits(out, masks).item())
    print(out.shape, model.down1[1].num_batches_tracked, model.down1[1].running_mean.shape)
    return losses
