"""What every service stands on. Nothing here knows a word of the office's business."""
