"""What would a policy have done? Recorded history is replayed through the rules of the product; nothing is sent."""
