"""The exports of shop software, one file each: how they are recognised and how their rows become items."""
