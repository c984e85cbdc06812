# The workspace with everything its tests need; docker-compose.test.yml runs them in it.
FROM node:24-bookworm-slim
RUN mkdir /workspace && chown node:node /workspace
USER node
WORKDIR /workspace
COPY --chown=node:node . .
RUN npx -y bun@1.4.5 run setup
ENTRYPOINT ["npx", "-y", "bun@1.4.5", "run"]
