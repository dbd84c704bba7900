import type { ReactNode } from "react";

import "./style.css";

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <header>
          <a href="/">Kettle &amp; Crane</a>
          <nav>
            <a href="/grinders">Grinders</a>
          </nav>
        </header>
        {children}
      </body>
    </html>
  );
}
