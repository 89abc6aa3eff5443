import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["gen/", "node_modules/"] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      // Handlers of events may begin work that nobody waits for.
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: false }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
    },
  },
  // The test runner waits for its tests by itself.
  { files: ["test/*.ts"], rules: { "@typescript-eslint/no-floating-promises": "off" } },
  { files: ["*.js", "tools/*.mjs"], ...tseslint.configs.disableTypeChecked },
);
