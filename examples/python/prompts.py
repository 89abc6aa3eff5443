"""Versions of a prompt, the alias that is live, and a text with its blanks filled in.

usage: MLFLOW_TRACKING_URI=http://127.0.0.1:5000 python3 prompts.py      (MLflow 3)
"""

import mlflow

NAME = "describe-segment"

first = mlflow.genai.register_prompt(
    name=NAME,
    template="Describe customers who spend {{spend}} in one sentence.",
    commit_message="one sentence",
)
second = mlflow.genai.register_prompt(
    name=NAME,
    template=[
        {"role": "system", "content": "You write for the people who run a shop."},
        {"role": "user", "content": "Describe customers who spend {{spend}}."},
    ],
    commit_message="as a chat",
    tags={"reviewed": "yes"},
)
mlflow.genai.set_prompt_alias(NAME, alias="live", version=first.version)

live = mlflow.genai.load_prompt(f"prompts:/{NAME}@live")
print(f"live: version {live.version}: {live.format(spend='much')}")
chat = mlflow.genai.load_prompt(f"prompts:/{NAME}/{second.version}")
print(f"chat: {len(chat.template)} messages, reviewed: {chat.tags['reviewed']}")
print(f"prompts: {[prompt.name for prompt in mlflow.genai.search_prompts()]}")
