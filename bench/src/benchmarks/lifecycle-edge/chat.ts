export const model = 'bench-model';

/** What the upstream says to everything. */
export const answer = 'Nine worlds hang on the ash that nobody has ever seen whole.';

/** What every request asks. */
export const chatBody = JSON.stringify({
  model,
  max_tokens: 32,
  messages: [{ role: 'user', content: 'How many worlds does the ash carry, and who has seen it?' }],
});
