"""What a hub does about what goes wrong with its jobs: notice, try again, stop trying."""
