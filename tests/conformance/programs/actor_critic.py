"""Actor and critic with a Gaussian policy: Normal.rsample-free log_prob, smooth L1 value loss, advantage detached."""


def program(torch, nn, F, optim, distributions):
    torch.manual_seed(21)
    trunk, value = nn.Linear(3, 16), nn.Linear(16, 1)
    mean, log_std = nn.Linear(16, 1), nn.Parameter(torch.zeros(1))
    parameters = [*trunk.parameters(), *value.parameters(), *mean.parameters(), log_std]
    optimizer = optim.Adamax(parameters, lr=5e-3)
    curve = []
    for _ in range(25):
        state = torch.empty(32, 3).uniform_(-1, 1)
        hidden = torch.tanh(trunk(state))
        policy = distributions.Normal(mean(hidden), log_std.exp())
        action = policy.sample()
        reward = -((action - state.sum(1, keepdim=True)) ** 2)
        estimate = value(hidden)
        advantage = (reward - estimate).detach()
        actor = -(policy.log_prob(action) * advantage).mean()
        critic = F.smooth_l1_loss(estimate, reward)
        loss = actor + 0.5 * critic - 0.01 * policy.entropy().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        curve += [loss.item(), reward.mean().item()]
    print(action.shape, action.requires_grad, policy.log_prob(action).shape, policy.batch_shape)
    return curve
