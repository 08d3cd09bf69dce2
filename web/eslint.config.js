import js from "@eslint/js";
import globals from "globals";

export default [
  { ignores: ["**/vendor/**", "**/*.d.ts"] },
  js.configs.recommended,
  {
    files: ["**/*.js"],
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      eqeqeq: "error",
      "max-depth": ["error", 3],
      "max-lines": ["error", { max: 200, skipComments: true }],
      "max-lines-per-function": ["error", 60],
      "no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "no-var": "error",
      "prefer-const": "error",
    },
  },
  { files: ["*.js"], languageOptions: { globals: globals.node } },
  { files: ["taskbahn_web/**/*.js"], languageOptions: { globals: globals.browser } },
  // what runs anywhere knows no page
  { files: ["taskbahn_web/static/{client,shared}/**/*.js"], languageOptions: { globals: { ...globals.browser, document: "off", window: "off" } } },
];
