# One image for every app: docker build -f docker/service.Dockerfile --build-arg APP=heidrun .
FROM node:24-bookworm-slim AS build
WORKDIR /workspace
COPY . .
# All bundles at once, so that the stage is the same for every app and built once. Installing takes seconds: a layer of
# its own would cost more than it saves.
RUN npx -y bun@1.4.5 install --frozen-lockfile \
 && node_modules/.bin/node tools/src/prisma-generate.ts \
 && node_modules/.bin/node tools/src/bundle.ts --out /out \
 && rm -rf node_modules apps/*/node_modules libs/*/node_modules tools/node_modules /root/.bun /root/.npm

FROM node:24-bookworm-slim
# Keys and tokens are shared through this folder; a volume mounted here takes over its owner.
RUN mkdir /keys && chown node:node /keys
ARG APP
WORKDIR /app
COPY --from=build /out/$APP ./
ENV NODE_ENV=production
USER node
HEALTHCHECK --interval=2s --timeout=3s --start-period=30s --retries=30 CMD ["node", "dist/healthcheck.js"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "dist/main.js"]
