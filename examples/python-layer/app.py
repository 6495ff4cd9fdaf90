"""Turns titles into slugs with python-slugify, which comes from PyPI in a layer."""
import slugify


def handler(event, context):
    slugs = {title: slugify.slugify(title, max_length=event.get("max_length", 60)) for title in event["titles"]}
    print(f"{len(slugs)} slugs")
    return {"slugs": slugs, "version": slugify.__version__}
