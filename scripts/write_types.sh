#!/usr/bin/env bash
# Rewrite web/taskbahn_web/static/types: what TypeScript knows of taskbahn.js and elements.js, from their JSDoc. tags.d.ts stays.
set -euo pipefail
cd "$(dirname "$0")/../web"
find taskbahn_web/static/types -name '*.d.ts' ! -name tags.d.ts -delete
npx tsc -p tsconfig.declarations.json
