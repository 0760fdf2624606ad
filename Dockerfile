# No build stage: Node strips the types. The embedded PostgreSQL is left out; give PASSERELLE_DATABASE_URL.
FROM node:24-slim
WORKDIR /opt/passerelle
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional && npm cache clean --force
COPY bin bin
COPY src src
COPY sql sql
COPY config config
COPY samples samples
RUN useradd --system --uid 10001 --home-dir /var/lib/passerelle --create-home passerelle \
  && chmod 0700 /var/lib/passerelle
USER passerelle
ENV NODE_ENV=production PASSERELLE_DATA_DIR=/var/lib/passerelle PASSERELLE_HOST=0.0.0.0
VOLUME /var/lib/passerelle
EXPOSE 8080 2575 11112
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/health/ready').then(r=>process.exit(r.ok?0:1),()=>process.exit(1))"]
CMD ["node", "--max-semi-space-size=32", "src/cli.ts", "serve"]
