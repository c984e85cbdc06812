import { describe, expect, it } from 'vitest';
import { followAddress } from './follow-address.ts';

function startFollowing() {
  let address = 'a:1';
  const open = new Set<string>();
  const following = followAddress(
    () => address,
    (to) => {
      open.add(to);
      return { to, close: () => void open.delete(to) };
    },
  );
  const move = (to: string) => {
    address = to;
    return following.client().to;
  };
  return { ...following, move, open };
}

describe('followAddress', () => {
  it('keeps one client as long as the address stays', () => {
    const { client, move } = startFollowing();
    const first = client();
    move('a:1');
    expect(client()).toBe(first);
  });

  it('connects to a new address and lets calls over the former one finish until the next change', () => {
    const { client, move, open } = startFollowing();
    client();
    expect(move('b:1')).toBe('b:1');
    expect([...open]).toEqual(['a:1', 'b:1']);
    move('c:1');
    expect([...open]).toEqual(['b:1', 'c:1']);
  });

  it('connects to nothing before it is asked, and closes all it opened', () => {
    const { client, move, open, close } = startFollowing();
    expect(open.size).toBe(0);
    client();
    move('b:1');
    close();
    expect(open.size).toBe(0);
  });
});
