"""What the tests share: texts, tokenizers, model folders, judges. Each module has one subject."""
