"""How Tenure is run: at a desk (`deploy.desk`), in containers, in a cluster."""
