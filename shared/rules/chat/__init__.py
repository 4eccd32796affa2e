"""What happens to conversations and at desks."""
