"""Deep Q-learning: replay memory, target network, Huber loss, gather, epsilon-greedy actions."""

import math
import random
from collections import deque, namedtuple

Transition = namedtuple("Transition", ("state", "action", "next_state", "reward"))


def program(torch, nn, F, optim):
    torch.manual_seed(0)
    random.seed(0)
    memory = deque(maxlen=200)

    def make_net():
        return nn.Sequential(nn.Linear(2, 24), nn.ReLU(), nn.Linear(24, 3))

    policy_net, target_net = make_net(), make_net()
    target_net.load_state_dict(policy_net.state_dict())
    target_net.eval()
    optimizer = optim.RMSprop(policy_net.parameters(), lr=1e-3)
    losses, steps, counts = [], 0, [0, 0, 0]

    def select_action(state):
        nonlocal steps
        threshold = 0.05 + 0.85 * math.exp(-1.0 * steps / 60)
        steps += 1
        if random.random() > threshold:
            with torch.no_grad():
                return policy_net(state).max(1)[1].view(1, 1)
        return torch.tensor([[random.randrange(3)]], dtype=torch.long)

    def optimize_model():
        if len(memory) < 16:
            return
        batch = Transition(*zip(*random.sample(memory, 16), strict=True))
        non_final_mask = torch.tensor(tuple(s is not None for s in batch.next_state), dtype=torch.bool)
        non_final_next_states = torch.cat([s for s in batch.next_state if s is not None])
        state_action_values = policy_net(torch.cat(batch.state)).gather(1, torch.cat(batch.action))
        next_state_values = torch.zeros(16)
        next_state_values[non_final_mask] = target_net(non_final_next_states).max(1)[0].detach()
        expected = next_state_values * 0.9 + torch.cat(batch.reward)
        loss = F.smooth_l1_loss(state_action_values, expected.unsqueeze(1))
        optimizer.zero_grad()
        loss.backward()
        for param in policy_net.parameters():
            param.grad.data.clamp_(-1, 1)
        optimizer.step()
        losses.append(loss.item())

    for episode in range(8):
        position, velocity = -0.5, 0.0
        state = torch.tensor([position, velocity]).unsqueeze(0)
        for _ in range(10):
            action = select_action(state)
            counts[action.item()] += 1
            velocity += 0.1 * (action.item() - 1) + 0.02 * math.cos(3 * position)
            position += velocity
            done = position > 0.5
            next_state = None if done else torch.tensor([[position, velocity]])
            reward = torch.tensor([1.0 if done else -0.1])
            memory.append(Transition(state, action, next_state, reward))
            state = next_state
            optimize_model()
            if done:
                break
        if episode % 2 == 0:
            target_net.load_state_dict(policy_net.state_dict())
    print(steps, counts, len(memory))
    return losses
