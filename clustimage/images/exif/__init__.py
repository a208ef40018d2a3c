"""When, where and how a photo was taken, as its EXIF data say."""
