#!/usr/bin/env bash
# Rewrite web/taskbahn_web/static/types: what TypeScript knows of the modules of the package, from their JSDoc. index.d.ts, tags.d.ts and jsx.d.ts stay.
set -euo pipefail
cd "$(dirname "$0")/../web"
find taskbahn_web/static/types -name '*.d.ts' ! -path '*/types/index.d.ts' ! -path '*/types/tags.d.ts' ! -path '*/types/jsx.d.ts' -delete
npx tsc -p tsconfig.declarations.json
cp taskbahn_web/static/client/tasks.d.ts taskbahn_web/static/types/client/tasks.d.ts # tsc copies no declarations
