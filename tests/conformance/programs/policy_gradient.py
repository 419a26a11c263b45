"""REINFORCE on a hand-written corridor: Categorical, log_prob, discounted and normalised returns."""


class Corridor:
    """Walk right from cell 0 to the last cell; each step costs a little."""

    def __init__(self, cells=5):
        self.cells = cells

    def reset(self):
        self.position, self.time = 0, 0
        return self.position

    def step(self, action):
        self.position = max(0, self.position + (1 if action == 1 else -1))
        self.time += 1
        done = self.position == self.cells - 1
        return self.position, 1.0 if done else -0.1, done or self.time >= 15


def program(torch, nn, F, optim, distributions):
    torch.manual_seed(543)
    env = Corridor()

    class Policy(nn.Module):
        def __init__(self):
            super().__init__()
            self.affine1 = nn.Linear(5, 16)
            self.affine2 = nn.Linear(16, 2)
            self.saved_log_probs = []
            self.rewards = []

        def forward(self, x):
            return F.softmax(self.affine2(F.relu(self.affine1(x))), dim=1)

    policy = Policy()
    optimizer = optim.Adam(policy.parameters(), lr=1e-2)

    def select_action(state):
        one_hot = torch.eye(5)[state].unsqueeze(0)
        m = distributions.Categorical(policy(one_hot))
        action = m.sample()
        policy.saved_log_probs.append(m.log_prob(action))
        return action.item(), m.entropy()

    losses = []
    for episode in range(20):
        state, done, actions = env.reset(), False, ""
        while not done:
            action, entropy = select_action(state)
            state, reward, done = env.step(action)
            policy.rewards.append(reward)
            actions += "<>"[action]
        R, returns = 0, []
        for r in policy.rewards[::-1]:
            R = r + 0.99 * R
            returns.insert(0, R)
        returns = torch.tensor(returns)
        returns = (returns - returns.mean()) / (returns.std() + 1e-6)
        policy_loss = []
        for log_prob, value in zip(policy.saved_log_probs, returns, strict=True):
            policy_loss.append(-log_prob * value)
        optimizer.zero_grad()
        policy_loss = torch.cat(policy_loss).sum() - 0.01 * entropy.sum()
        policy_loss.backward()
        optimizer.step()
        del policy.rewards[:]
        del policy.saved_log_probs[:]
        losses.append(policy_loss.item())
        if episode % 4 == 0:
            print(episode, actions)
    return losses
